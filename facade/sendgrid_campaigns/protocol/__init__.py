"""How a write becomes certain. No I/O, no httpx, no key, no endpoint.

A network can lose a request, lose its answer, or deliver the request twice. So a write goes through four steps:

    S0  read       the state before the write: whatever fails here, the write changed nothing    reading.py
    S1  try        one request; again when it was not sent, and after a 429                      change.py, proof.py
    S2  read back  poll the state until it tells, or the read-back window ends                   read_back.py, goals.py
    S3  again      when the state is as it was before, S1 once more; else the outcome is unknown change.py

Each rule below has a number, which stands beside the lines that keep it; docs/reliability.md gives the reasons.

    R1   Doubt stays: once an attempt may have arrived, no later answer makes the result a "no". change.py
    R2   Only a passed cutoff proves that: the chosen time is past, and the campaign is still a Draft. goals.py
    R3   A refusal that may answer the second of two copies of a request is judged by the state, never by its text: a
         403, the 404 of a delete, and of single sends any refusal of a schedule. proof.py, change.py
    R4   Only the service's own answers prove anything: a documented code; a body about this campaign, where other
         servers give the same code; a refusal with an error in the service's form. proof.py, answers.py
    R5   The status line decides: a 201 whose body is lost is a 201. proof.py
    R7   Only a state that nobody can undo wins at once. Any other may be a stale read of an earlier state: it needs
         the whole window, and two equal looks at its end. read_back.py
    R8   Once the state was seen to have moved, nothing is tried again. read_back.py, change.py
    R10  An exception from outside ends the call as it is, with a note and a warning when there is doubt. change.py
    R11  OutcomeUnknownError is no ConnectionError, TimeoutError or OSError: job frameworks repeat those. errors.py
    R12  A read that fails is repeated a few times, with growing pauses. reading.py, read_back.py
    R13  Every request of a call is on behalf of the same account. transport/
    R14  An answer about another campaign decides nothing. proof.py, reading.py

R6 (no redirects, no HTTP/2, no authentication round-trips) and the counting of evidence are kept by transport/.

A flow is a generator that yields Ask (one request, once) and Sleep (flow.py); the client performs them. call.py holds
what a call has in common: deadline, requests, back-off, errors; rate_limit.py when a request may start.
"""
