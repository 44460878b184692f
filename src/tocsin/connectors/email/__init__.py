"""Mail by SMTP: composed, handed to one server, its answer told apart. No incoming mail is read here."""
