"""How long, how large and how sure: the roofline model's answer for one batch, with its distance from measurements."""
