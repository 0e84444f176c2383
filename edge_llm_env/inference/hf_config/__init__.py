"""Reading a Hugging Face `config.json`: a table says which key of which model family is which field of a decoder."""
