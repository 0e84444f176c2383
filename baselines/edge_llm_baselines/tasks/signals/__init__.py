"""How large a task is thought to be from the signals of its calls: by coefficients, or by the form itself."""
