"""What is resident where: units of memory, the models that they hold or load, and how long loading takes."""
