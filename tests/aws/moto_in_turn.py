"""moto's server, serving one request at a time: usage as moto_server.

What DynamoDB does to an item is atomic. moto's threads look whether a condition holds and write later,
so that of two updates that exclude each other both may be carried out on a busy machine.
"""

import threading

import moto.server


class InTurn(moto.server.DomainDispatcherApplication):
    turn = threading.Lock()

    def __call__(self, environ, start_response):
        with self.turn:
            return list(super().__call__(environ, start_response))


moto.server.DomainDispatcherApplication = InTurn
moto.server.main()
