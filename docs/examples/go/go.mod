module leaderd-worker

go 1.19
