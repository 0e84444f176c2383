"""The sections of a scenario: the settings of epoch, node, radio, workload and reward, each in a file."""
