"""What an agent sees: the one description of the observation's layout, and the kernels that write it.

An observation is a float32 vector: the context features, then the features of slot 0, of slot 1, and so on. Where an
agent divides bands or modules, more features of slot 0, of slot 1 and so on follow: what its channels are expected to
become, how far its upload is where uploads carry over, and with modules its accuracy requirement and its class. With
modules, the features of each variant, cheapest first, of each module, and where there are several of each class come
last. Every entry lies in 0..1 (larger values are clipped). The features of an empty or admitted slot are all 0.
"""
