"""Where the web face is reached."""

import os
import socket

from personal_assistant.errors import AssistantError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises AssistantError where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family, backlog=256)
        # What is accepted has it from here; without it the body of an answer waits 40 ms for word of its head.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if isinstance(number, int) and number > 0 else error
        raise AssistantError(f"Port {port} on {host} cannot be used: {reason}. Choose another with --port.") from error


def where(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
