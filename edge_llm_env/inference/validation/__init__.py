"""How far the cost models are from published measurements, and the fit of the roofline model's parameters to them."""
