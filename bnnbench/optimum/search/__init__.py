"""Exhaustive search over weight settings: by layer, by activation pattern, by branch and bound."""
