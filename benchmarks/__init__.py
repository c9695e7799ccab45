"""Speed, memory and agreement, against pgmpy and pyAgrum: `python -m benchmarks` from the checkout."""
