"""The made-up network as the describe-* commands of AWS show it."""
