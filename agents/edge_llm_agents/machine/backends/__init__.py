"""What a calibration measures: the decoder of this suite, one of `transformers`, or a llama.cpp server."""
