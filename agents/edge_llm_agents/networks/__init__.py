"""Networks over sets of requests, and the policies of SB3 made of them."""
