"""Who is here: organizations, their people, roles."""
