"""What every folder uses: compiled kernels, rows shared among threads, and looking names up."""
