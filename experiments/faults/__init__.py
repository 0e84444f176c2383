"""The campaign of faults: inputs that are wrong or odd, played in processes of their own, and what each led to."""
