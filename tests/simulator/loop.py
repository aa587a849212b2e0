"""An event loop whose time stands still until the simulator moves it."""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs what is ready, in order; timers fire only when `advance` passes them."""

    def __init__(self) -> None:
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._now = 0.0
        self._count = 0
        self.troubles: list[dict[str, Any]] = []

    def time(self) -> float:
        """The virtual time in seconds."""
        return self._now

    def call_soon(  # type: ignore[override] # typeshed names the arguments one by one
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback in the next round."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(  # type: ignore[override] # as above
        self, when: float, callback: Callable[..., object], *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:  # fmt: skip
        """Run a callback when that time is reached."""
        self._count += 1
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def call_later(  # type: ignore[override] # as above
        self, delay: float, callback: Callable[..., object], *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:  # fmt: skip
        """Run a callback after so many seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future."""
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **more: Any) -> asyncio.Task[Any]:
        """Make a task."""
        return asyncio.Task(coro, loop=self, **more)

    def get_debug(self) -> bool:
        """No."""
        return False

    def is_running(self) -> bool:
        """Whether callbacks may run."""
        return True

    def is_closed(self) -> bool:
        """Never: it is dropped."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught, for the history's end."""
        self.troubles.append(context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it where it is: a cancelled handle does nothing."""

    def run(self, act: Callable[[], Any] = lambda: None) -> Any:
        """Do something within the loop, then run until nothing is ready."""
        events._set_running_loop(self)
        try:
            done = act()
            while self._ready:
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()
        finally:
            events._set_running_loop(None)
        return done

    def advance(self, seconds: float) -> None:
        """Let time pass, and run what became due."""
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            self._now, _, handle = heapq.heappop(self._timers)
            if not handle.cancelled():
                self._ready.append(handle)
            self.run()
        self._now = until

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task and run until nothing is ready."""
        task: asyncio.Task[Any] = self.run(lambda: self.create_task(coroutine))
        return task
