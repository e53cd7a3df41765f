module covenant.example/webhook

go 1.24
