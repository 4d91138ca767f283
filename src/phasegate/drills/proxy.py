"""A wire to the database that can be slowed, cut, and left hanging."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Wire:
    """Carries TCP from a port of its own to another port on loopback, as well as it is told to.

    delay_s  how long each piece takes from the server's side to the other. hanging: nothing moves,
             and nobody is told. cut: connections end, and new ones are refused.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.delay_s = 0.0
        self._flowing = threading.Event()
        self._flowing.set()
        self._closed = False
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def hang(self) -> None:
        """Let nothing through from now on, without a word."""
        self._flowing.clear()

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        self._flowing.set()
        _close(self._listener)
        with self._lock:
            for pair in self._pairs:
                for end in pair:
                    _close(end)
            self._pairs.clear()

    def mend(self) -> None:
        """Carry everything again."""
        self._flowing.set()
        if self._listener.fileno() == -1:
            self._listener = self._listen(self.port)

    def close(self) -> None:
        """End for good."""
        self._closed = True
        self.cut()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not self._closed:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._pairs.append((near, far))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self._flowing.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                sink.sendall(piece)
        for end in (source, sink):
            _close(end)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
