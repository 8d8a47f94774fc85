"""The spine: streams, the event log, lanes and doorbells. It knows nothing of what the events say."""
