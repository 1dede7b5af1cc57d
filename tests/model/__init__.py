"""The proof that the protocol is never wrong about a write: the whole of it runs against a model, in virtual time.

    service.py        the service: campaigns, statuses, and time
    single_sends.py   the service of Single Sends, where it differs, and the writes of its client
    caller.py         one call of the real client's flow, each of whose requests the model answers
    judge.py          what must hold of every call
    explore.py        every short history
    sample.py         random histories, and a naive client in the same ones
    mutants.py        wrong protocols, planted on purpose: mutants.toml
    simulate.py       all of it, on two processes

A history is what happens in one call: what becomes of each request, what each read shows, what other clients do. Other
calls of the same client are in it, too: what such a call does to the campaign, an act of another client does. Only jobs
that run `ensure_sent` of single sends again are played in full, before the call and in the middle of it.
"""
