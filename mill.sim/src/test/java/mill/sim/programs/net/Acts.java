package mill.sim.programs.net;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import mill.core.net.Connection;
import mill.core.net.Message;
import mill.natives.CurrentPlatform;
import mill.sim.Simulation;

/** What a handler does to its connection, and to others: anything. On the loop's thread. */
final class Acts {
  static final int LANE = 0;
  private static final int MOST_RECORDS = 60;

  private final Talk talk;
  private final Simulation sim;
  private final Puts puts;
  private int records;

  Acts(Talk talk) {
    this.talk = talk;
    sim = talk.sim;
    puts = new Puts(talk);
  }

  private Connection connection() {
    return talk.connection;
  }

  /** Does so many things at most. */
  void some(int most) {
    for (long i = sim.between(0, most + 1); i > 0 && !talk.closedHere; i--) {
      one((int) sim.between(0, 28));
    }
  }

  private void one(int what) {
    switch (what) {
      case 0 -> write();
      case 1 -> connection().flush();
      case 2 -> pause();
      case 3 -> framer(1);
      case 4 -> handOver();
      case 5 -> deadline();
      case 6 -> puts.patch();
      case 7 -> waitForAnother();
      case 8 -> upsetAnother();
      case 9 -> CurrentPlatform.threads().park(this, sim.between(1, 300_000));
      case 10 -> end();
      default -> record();
    }
  }

  // ---- sending

  private int length() {
    long draw = sim.between(0, 1_000);
    long length =
        draw < 750
            ? sim.between(0, 300)
            : draw < 970 ? sim.between(300, 4_000) : sim.between(4_000, 20_000);
    return draw == 0 ? Sent.LONGEST : (int) length;
  }

  private void record() {
    boolean full = connection().isCongested() && sim.chance(0.9);
    if (connection().isOpen() && !full && records++ < MOST_RECORDS) {
      puts.put(LANE, talk.sent.record(LANE, length()));
    }
  }

  private void write() {
    if (records++ < MOST_RECORDS) {
      write(talk, LANE, length());
    }
  }

  /** Writes a record as a message, on any thread. */
  static boolean write(Talk talk, int lane, int length) {
    byte[] record = talk.sent.record(lane, length);
    Message message = Message.copyOf(MemorySegment.ofArray(record), 0, record.length);
    talk.ledger.remember(message);
    talk.wroteAs(lane);
    long before = talk.connection.queuedBytes();
    boolean taken = talk.connection.write(message);
    message.release();
    if (taken) {
      talk.sent.accepted(lane, record);
      talk.mayDrain |= before + record.length > talk.setup.high;
    }
    return taken;
  }

  // ---- reading

  void framer(double probability) {
    if (sim.chance(probability)) {
      talk.cutter = Cutter.any(talk);
      connection().framer(talk.cutter);
    }
  }

  private void pause() {
    var reason = new Object();
    talk.pauses.add(reason);
    connection().pause(reason);
    talk.ledger.later(
        talk.loop,
        20_000_000,
        () -> {
          talk.pauses.removeIf(one -> one == reason);
          connection().resume(reason);
        });
  }

  // One of the other clients that were made before: so that no two wait for each other.
  private void waitForAnother() {
    List<Talk> all = talk.ledger.talks;
    Talk other = all.get((int) sim.between(0, all.size()));
    if (!talk.isServer
        && !other.isServer
        && other.loop == talk.loop
        && other.sent.id < talk.sent.id
        && other.connection != null) {
      connection().pauseWhile(other.connection);
    }
  }

  // ---- others

  // Nothing of it is heard before this callback has returned.
  private void upsetAnother() {
    List<Talk> all = talk.ledger.talks;
    Talk other = all.get((int) sim.between(0, all.size()));
    if (other == talk || other.loop != talk.loop || other.connection == null || other.isOver()) {
      return;
    }
    if (sim.chance(0.1)) {
      other.acts.close();
    } else if (sim.chance(0.1)) {
      other.acts.reset();
    } else if (other.connection.isOpen()) {
      other.acts.record();
    }
  }

  private void handOver() {
    var next = new Voice(talk);
    talk.nextVoices.add(next);
    connection().handler(next);
  }

  private void deadline() {
    if (sim.chance(0.2)) {
      talk.deadline = null;
      connection().deadline(null);
    } else {
      Duration in = Duration.ofNanos(sim.between(0, 30_000_000));
      talk.deadline = sim.now().plus(in);
      connection().deadline(in);
    }
  }

  // ---- ends

  /** Whether the callback throws. */
  boolean throwsNow() {
    return sim.chance(0.003);
  }

  private void end() {
    if (sim.chance(0.1)) {
      switch ((int) sim.between(0, 5)) {
        case 0, 1 -> endSending();
        case 2, 3 -> close();
        default -> reset();
      }
    }
  }

  void endSending() {
    talk.endAsked(LANE);
    connection().end();
  }

  void close() {
    talk.closeAsked(LANE);
    talk.closedHere = true;
    connection().close();
  }

  void reset() {
    talk.resetAsked = true;
    talk.closedHere = true;
    connection().reset();
  }

  /** The peer sends nothing more. */
  void atEnd() {
    if (sim.chance(0.4)) {
      some(4);
    }
    if (talk.closedHere) {
      return;
    }
    switch ((int) sim.between(0, 5)) {
      case 0 -> endSending();
      case 1 -> talk.ledger.later(talk.loop, 20_000_000, this::closeIfOpen);
      default -> close();
    }
  }

  private void closeIfOpen() {
    if (!talk.isOver()) {
      close();
    }
  }

  void atShutdown() {
    if (sim.chance(0.3)) {
      record();
      talk.ledger.later(talk.loop, 100_000_000, this::closeIfOpen);
    } else if (sim.chance(0.7)) {
      close();
    }
  }

  /** It has to come to its end now, if all is well. */
  void finish() {
    if (talk.closedHere) {
      return;
    }
    talk.finishing = true;
    puts.patch();
    if (talk.owesDrained) {
      return; // goes on there
    }
    switch ((int) sim.between(0, 10)) {
      case 0 -> reset();
      case 1, 2, 3 -> close();
      default -> endSending();
    }
  }
}
