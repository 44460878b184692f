"""What every connector is built from: the contract with the outbox pump, deadlines, guarded network access."""
