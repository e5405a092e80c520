package mill.examples.resp;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Keys and values off the heap: entries one behind the other, which a table of their places finds.
 * An entry that outgrows its room is written anew; when the end is reached those that count are
 * copied together, into as much memory or twice as much. One thread.
 */
final class RespStore implements AutoCloseable {
  enum Outcome {
    DONE,
    NO_NUMBER,
    FULL
  }

  // An entry: hash, length of the key, length of the value, room for it; key; value.
  private static final int HASH = 0;
  private static final int KEY_LENGTH = 4;
  private static final int VALUE_LENGTH = 8;
  private static final int ROOM = 12;
  private static final int HEADER = 16;

  private static final long FIRST_BYTES = 1 << 16;
  private static final int FIRST_SLOTS = 1 << 10;
  private static final int MAX_DIGITS = 20;

  private final long maxBytes;
  // Nobody who does not know it can choose keys that all collide.
  private final int seed = new SplittableRandom().nextInt() | 1;
  private final MemorySegment digits = Arena.ofAuto().allocate(MAX_DIGITS);

  private Arena arena = Arena.ofShared();
  private MemorySegment memory = arena.allocate(FIRST_BYTES, Long.BYTES);
  private long end;
  private long live; // bytes of entries that the table knows
  private long[] table = new long[FIRST_SLOTS]; // where an entry is, plus one
  private int entries;
  private long found;
  private long number;

  RespStore(long maxBytes) {
    this.maxBytes = Math.max(maxBytes, FIRST_BYTES);
  }

  /** Stores a value, in place of the one before; false if there is no room. */
  boolean put(
      MemorySegment keys, long key, int keyLength, MemorySegment values, long value, int length) {
    int hash = hash(keys, key, keyLength);
    long before = table[slot(hash, keys, key, keyLength)] - 1;
    long entry = before;
    if (before < 0 || room(before) < length) {
      long size = (HEADER + (long) keyLength + length + 7) & -8;
      if (!makeRoom(size)) {
        return false;
      }
      int slot = slot(hash, keys, key, keyLength);
      long replaced = table[slot] - 1; // which making room may have moved
      live += size - (replaced < 0 ? 0 : size(replaced));
      entry = end;
      end += size;
      set(entry + HASH, hash);
      set(entry + KEY_LENGTH, keyLength);
      set(entry + ROOM, (int) (size - HEADER - keyLength));
      MemorySegment.copy(keys, key, memory, entry + HEADER, keyLength);
      table[slot] = entry + 1;
      entries += replaced < 0 ? 1 : 0;
    }
    set(entry + VALUE_LENGTH, length);
    MemorySegment.copy(values, value, memory, entry + HEADER + keyLength, length);
    if (2 * entries > table.length) {
      table = placed(2 * table.length);
    }
    return true;
  }

  /** Looks for a key; what follows tells where its value is, until the store is changed. */
  boolean find(MemorySegment keys, long key, int keyLength) {
    found = table[slot(hash(keys, key, keyLength), keys, key, keyLength)] - 1;
    return found >= 0;
  }

  MemorySegment memory() {
    return memory;
  }

  long offset() {
    return found + HEADER + get(found + KEY_LENGTH);
  }

  int length() {
    return get(found + VALUE_LENGTH);
  }

  /** Adds one to a number, 0 if it is not there; {@link #number} is what it has become. */
  Outcome increment(MemorySegment keys, long key, int keyLength) {
    number = 0;
    if (find(keys, key, keyLength) && (!parse() || number == Long.MAX_VALUE)) {
      return Outcome.NO_NUMBER;
    }
    number++;
    String text = Long.toString(number);
    for (int i = 0; i < text.length(); i++) {
      digits.set(ValueLayout.JAVA_BYTE, i, (byte) text.charAt(i));
    }
    return put(keys, key, keyLength, digits, 0, text.length()) ? Outcome.DONE : Outcome.FULL;
  }

  long number() {
    return number;
  }

  // As Redis does: no sign but a minus, no zero in front.
  private boolean parse() {
    int length = length();
    if (length == 0 || length > MAX_DIGITS) {
      return false;
    }
    var text = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      text.append((char) memory.get(ValueLayout.JAVA_BYTE, offset() + i));
    }
    try {
      number = Long.parseLong(text, 0, length, 10);
    } catch (NumberFormatException e) {
      return false;
    }
    return Long.toString(number).contentEquals(text);
  }

  // ---- room

  private boolean makeRoom(long size) {
    if (end + size <= memory.byteSize()) {
      return true;
    }
    long bytes = memory.byteSize();
    while (bytes < maxBytes && (live + size) * 2 > bytes) {
      bytes = Math.min(2 * bytes, maxBytes);
    }
    if (live + size > bytes) {
      return false;
    }
    moveTo(bytes);
    return true;
  }

  @SuppressWarnings("MustBeClosed") // close() does, or the next move
  private void moveTo(long bytes) {
    Arena next = Arena.ofShared();
    MemorySegment to = next.allocate(bytes, Long.BYTES);
    long at = 0;
    for (int i = 0; i < table.length; i++) {
      if (table[i] != 0) {
        long size = size(table[i] - 1);
        MemorySegment.copy(memory, table[i] - 1, to, at, size);
        table[i] = at + 1;
        at += size;
      }
    }
    arena.close();
    arena = next;
    memory = to;
    end = at;
  }

  private long[] placed(int slots) {
    long[] larger = new long[slots];
    for (long place : table) {
      if (place != 0) {
        int slot = get(place - 1 + HASH) & slots - 1;
        while (larger[slot] != 0) {
          slot = slot + 1 & slots - 1;
        }
        larger[slot] = place;
      }
    }
    return larger;
  }

  // ---- the table

  /** Where a key is, or would be. */
  private int slot(int hash, MemorySegment keys, long key, int keyLength) {
    int slot = hash & table.length - 1;
    while (table[slot] != 0 && !isKey(table[slot] - 1, hash, keys, key, keyLength)) {
      slot = slot + 1 & table.length - 1;
    }
    return slot;
  }

  private boolean isKey(long entry, int hash, MemorySegment keys, long key, int keyLength) {
    if (get(entry + HASH) != hash || get(entry + KEY_LENGTH) != keyLength) {
      return false;
    }
    long start = entry + HEADER;
    return MemorySegment.mismatch(memory, start, start + keyLength, keys, key, key + keyLength) < 0;
  }

  private int hash(MemorySegment keys, long key, int keyLength) {
    int hash = seed;
    for (int i = 0; i < keyLength; i++) {
      hash = (hash ^ keys.get(ValueLayout.JAVA_BYTE, key + i)) * 0x01000193;
    }
    return hash ^ hash >>> 15;
  }

  private int room(long entry) {
    return get(entry + ROOM);
  }

  private long size(long entry) {
    return HEADER + (long) get(entry + KEY_LENGTH) + room(entry);
  }

  private int get(long at) {
    return memory.get(ValueLayout.JAVA_INT, at);
  }

  private void set(long at, int value) {
    memory.set(ValueLayout.JAVA_INT, at, value);
  }

  @Override
  public void close() {
    arena.close();
  }
}
