package mill.sim.plants;

import java.util.List;

/**
 * Bugs that a simulation can see, which hands over where mill calls the system: lost wake-ups, lost
 * events, broken promises. What is between two of these is looked for in {@code mill.modelcheck}.
 */
final class Plants {
  private static final String CORE = "mill.core/src/main/java/mill/core/";
  private static final String TIMERS = CORE + "internal/timer/";
  private static final String NATIVES = "mill.native/src/main/java/mill/natives/";

  static final List<Plant> ALL =
      List.of(
          // ---- wake-ups and turns
          new Plant(
              "execute wakes nobody",
              CORE + "LoopTasks.java",
              "case ACCEPTED -> wake.run();",
              "case ACCEPTED -> {}"),
          new Plant(
              "stop wakes nobody",
              CORE + "Reactor.java",
              "lifecycle.stop(); wakeIfAsleep();",
              "lifecycle.stop();"),
          new Plant(
              "the result of offloaded work wakes nobody",
              CORE + "Offloads.java",
              "if (accepted) { wakeUp.run(); }",
              ""),
          new Plant(
              "a loop sleeps on the rest that maxTasksPerTurn has left",
              CORE + "LoopSleep.java",
              "lifecycle.isStopping() || tasks.areWaiting() ||",
              "lifecycle.isStopping() ||"),
          new Plant(
              "the rest of a registration's tasks is forgotten",
              CORE + "RunQueue.java",
              "if (next.runCalls()) { again(next); }",
              "next.runCalls();"),
          new Plant(
              "a worker that sleeps is not told of an item",
              CORE + "WorkerPool.java",
              "if (woken != null) { threads.unpark(woken.thread); } else if (wakes",
              "if (wakes"),
          new Plant(
              "the only worker polls on, and is not told of an item",
              CORE + "WorkerPool.java",
              "wakes = woken == null && waiting; }",
              "wakes = false; }"),
          new Plant(
              "nobody relieves a worker that is held up while it leads",
              CORE + "WorkerPool.java",
              "return works && done == 0;",
              "return false;"),
          new Plant(
              "nobody watches the worker that leads when all have slept for a while",
              CORE + "WorkerPool.java",
              "} else if (leader == worker && idle.watcherSleeps()) { return idle.takeWatcher(); }",
              "} else if (leader == worker && idle.watcherSleeps()) { return null; }"),
          // ---- interest and events
          new Plant(
              "a one-shot is not armed again by the same interest",
              CORE + "Registration.java",
              "newTrigger == trigger && trigger == Trigger.LEVEL) {",
              "newTrigger == trigger) {"),
          new Plant(
              "an event that was held is not reported again after the callback",
              CORE + "SerialCalls.java",
              "if ((seen & (HELD | CANCELLED)) == HELD) { report(); continue; }",
              ""),
          new Plant(
              "an event is lost that comes while a worker's callback runs",
              CORE + "SerialCalls.java",
              "if (events || (seen & CALLS_MASK) != 0) {",
              "if ((seen & CALLS_MASK) != 0) {"),
          new Plant(
              "two workers are in one registration's callbacks",
              CORE + "SerialCalls.java",
              "STATE.getAndBitwiseAnd(this, ~(EVENTS_MASK | CALLS_MASK));",
              "STATE.getAndBitwiseAnd(this, ~(EVENTS_MASK | CALLS_MASK | SCHEDULED));"),
          new Plant(
              "the interest that was set is not noted",
              CORE + "Registration.java",
              "interest = newInterest; trigger = newTrigger;",
              "trigger = newTrigger;"),
          new Plant(
              "WRITABLE is not armed beside READABLE",
              NATIVES + "Poller.java",
              ": backend.modify(fd, token, to, trigger);",
              ": backend.modify(fd, token, from.isReadable() ? to.without(Interest.WRITABLE) : to, trigger);"),
          new Plant(
              "an event of the past is not told from one of today",
              CORE + "internal/RegistrationTable.java",
              "return generation == (int) (token >>> Integer.SIZE) ? item : null;",
              "return item;"),
          new Plant(
              "cancel leaves the pollable in the kernel's set",
              CORE + "Registration.java",
              "reactor().deregister(pollable);",
              ""),
          new Plant(
              "a direction that is suspended is armed by setInterest",
              CORE + "Registration.java",
              "newInterest.without(suspended())",
              "newInterest"),
          new Plant(
              "the resume of a throttle arms nothing",
              CORE + "Registration.java",
              "if (!hasFired && interest.without(now)",
              "if (on && !hasFired && interest.without(now)"),
          // ---- timers
          new Plant(
              "a timer is a tick early",
              TIMERS + "TimerNode.java",
              "return -(-deadlineNs >> tickShift);",
              "return deadlineNs >> tickShift;"),
          new Plant(
              "a timer that was cancelled fires",
              TIMERS + "LoopTimers.java",
              "if (timeout.exchange(NONE) == NONE) {",
              "if (timeout.deadline() == NONE) {"),
          new Plant(
              "a timer of another thread wakes nobody",
              TIMERS + "LoopTimers.java",
              "if (timeout.deadline() < sleepsUntilNs) { wake.run(); }",
              ""),
          new Plant(
              "a timer that is rescheduled stays at its old place",
              TIMERS + "LoopTimers.java",
              "wheel.unlink(timeout); skipIfEmpty(nowNs);",
              "if (before != NONE) { return true; } skipIfEmpty(nowNs);"),
          new Plant(
              "a timer goes on when its loop has ended",
              CORE + "LoopEnd.java",
              "timersCancelled += timers.close();",
              ""),
          // ---- onClosed
          new Plant(
              "onClosed is not told to whom register refuses",
              CORE + "Registration.java",
              "schedule(CLOSING); runCalls();",
              ""),
          new Plant(
              "onClosed is told again at a second cancel",
              CORE + "SerialCalls.java",
              "if ((seen & CANCELLED) != 0) { return false; }",
              "if ((seen & CANCELLED) != 0) { return true; }"),
          new Plant(
              "onClosed comes before tasks that were accepted",
              CORE + "SerialCalls.java",
              "while (tasks != null && (task = tasks.pollClosed()) != null) { call(task); } callOnClosed(CloseReason.of(state >>> REASON_SHIFT));",
              "callOnClosed(CloseReason.of(state >>> REASON_SHIFT)); while (tasks != null && (task = tasks.pollClosed()) != null) { call(task); }"),
          new Plant(
              "onClosed is not told when the pollable was closed",
              NATIVES + "Poller.java",
              "closedWhileRegistered.accept(token);",
              ""),
          // ---- the end
          new Plant(
              "tasks that wait are dropped at the end",
              CORE + "LoopTasks.java",
              "executed++; run(task, task);",
              "executed++;"),
          new Plant(
              "results that wait are dropped at the end",
              CORE + "LoopTasks.java",
              "results++; run(result, RESULT);",
              "results++;"),
          new Plant(
              "registrations are left open at the end",
              CORE + "LoopEnd.java",
              "registrations.close().forEach(registration -> close(registration, reason));",
              "registrations.close();"),
          new Plant(
              "the report of a shutdown waits for its time",
              CORE + "LoopEnd.java",
              "if (graceful != null) { report(graceful); }",
              ""),
          new Plant(
              "the report of a shutdown waits for a callback that runs",
              CORE + "LoopEnd.java",
              "requested.watch(deadlineNs - nowNs + GRACE_NS, this::reportIfLate);",
              ""),
          new Plant(
              "a second shutdown does not shorten the time",
              CORE + "GracefulShutdown.java",
              "if (otherDeadlineNs - deadlineNs < 0) {",
              "if (otherDeadlineNs == deadlineNs) {"),
          // ---- accepting
          new Plant(
              "accepting ends when there is no descriptor",
              CORE + "Acceptor.java",
              "Set.of(\"EMFILE\", \"ENFILE\",",
              "Set.of(\"ENFILE\","),
          new Plant(
              "accepting never goes on when there was no descriptor",
              CORE + "Acceptor.java",
              "resumeAfter(BACK_OFF_NS);",
              ""),
          new Plant(
              "a connection that died in the queue ends accepting",
              NATIVES + "net/AbstractListener.java",
              "Set.of( \"EBADF\",",
              "Set.of( \"ECONNABORTED\", \"EBADF\","),
          new Plant(
              "EINTR ends accepting",
              NATIVES + "net/AbstractListener.java",
              "Set.of( \"EBADF\",",
              "Set.of( \"EINTR\", \"EBADF\","),
          new Plant(
              "a place at a listener's limit is not given back",
              CORE + "Acceptor.java",
              "open.decrementAndGet(); giveBackPlace();",
              "open.decrementAndGet();"),
          new Plant(
              "room at a listener's limit resumes nothing",
              CORE + "Acceptor.java",
              "if (full) { resumeWithRoom(); }",
              ""),
          // ---- transfers
          new Plant(
              "a read that is interrupted fails",
              NATIVES + "net/StreamSocket.java",
              "result = sockets().receive(fd, buffer, offset, length); } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));",
              "result = sockets().receive(fd, buffer, offset, length); } while (attempts > 0); if (platform().errnos().isInterrupted(result)) { throw platform().errnos().exception(\"recv\", result); }"),
          new Plant(
              "write says that it has taken all",
              NATIVES + "net/StreamSocket.java",
              "return result >= 0 ? result : Transfers.failure(platform().errnos(), \"send\", result);",
              "return result >= 0 ? (int) length : Transfers.failure(platform().errnos(), \"send\", result);"),
          new Plant(
              "a gathering write that is interrupted fails",
              NATIVES + "net/StreamSocket.java",
              "result = sockets().writev(fd, buffers, first, from + count - first); } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));",
              "result = sockets().writev(fd, buffers, first, from + count - first); } while (attempts > 0); if (platform().errnos().isInterrupted(result)) { throw platform().errnos().exception(\"sendmsg\", result); }"),
          new Plant(
              "a datagram's receive that is interrupted is not made again",
              NATIVES + "net/AbstractDatagramSocket.java",
              "received = sockets().receiveFrom(fd, buffer, offset, length, from); } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));",
              "received = sockets().receiveFrom(fd, buffer, offset, length, from); } while (attempts > 0);"),
          new Plant(
              "an interruption ends a batch",
              NATIVES + "platform/Sockets.java",
              "} else if (!control.platform().errnos().mayRetry(received, ++attempts)) {",
              "} else {"),
          new Plant(
              "a datagram's send that is interrupted is not made again",
              NATIVES + "net/AbstractDatagramSocket.java",
              "sent = sockets().send(fd, buffer, offset, length); } while (sent < 0 && platform().errnos().mayRetry(sent, ++attempts));",
              "sent = sockets().send(fd, buffer, offset, length); } while (attempts > 0);"),
          new Plant(
              "a message of a stream that is interrupted is not received again",
              NATIVES + "net/UnixStream.java",
              "received = sockets().receiveMessage(fd, buffer, offset, length, null, control); } while (received < 0 && platform().errnos().mayRetry(received, ++attempts));",
              "received = sockets().receiveMessage(fd, buffer, offset, length, null, control); } while (attempts > 0);"),
          new Plant(
              "a pipe's read that is interrupted is not made again",
              NATIVES + "net/RawFd.java",
              "result = platform().sockets().read(fd, buffer, offset, length); } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));",
              "result = platform().sockets().read(fd, buffer, offset, length); } while (attempts > 0);"),
          new Plant(
              "a read that is interrupted would block",
              NATIVES + "net/StreamSocket.java",
              "result = sockets().receive(fd, buffer, offset, length); } while (result < 0 && platform().errnos().mayRetry(result, ++attempts));",
              "result = sockets().receive(fd, buffer, offset, length); } while (attempts > 0);"),
          new Plant(
              "readv skips the first of its buffers",
              NATIVES + "net/StreamSocket.java",
              "result = sockets().readv(fd, buffers, first, from + count - first);",
              "result = sockets().readv(fd, buffers, from + count - 1, 1);"));

  private Plants() {}
}
