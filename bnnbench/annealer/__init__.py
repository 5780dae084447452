"""Quantum annealers: embedding, schedules, submission and recordings."""
