# Print random bits for an instance in the format of qbsolv, for ever: awk -v seed=1 -f guess.awk FILE
/^p qubo/ { n = $4 }
END {
    srand(seed)
    while (1) {
        line = ""
        for (i = 0; i < n; i++) line = line (rand() < 0.5 ? 0 : 1)
        print line
        fflush()
    }
}
