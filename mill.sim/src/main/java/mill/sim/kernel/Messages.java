package mill.sim.kernel;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import mill.natives.platform.ControlData;
import mill.natives.platform.NativeAddress;
import org.jspecify.annotations.Nullable;

/** Messages with control data ({@code sendmsg(2)}, {@code recvmsg(2)}): descriptors, segments. */
final class Messages {
  private final SimPlatform platform;
  private final SpoiledTransfers transfers;

  Messages(SimPlatform platform, SpoiledTransfers transfers) {
    this.platform = platform;
    this.transfers = transfers;
  }

  int send(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    if (control.passedCount() > 0) {
      return sendDescriptors(fd, buffer, offset, length, to, control);
    }
    int segment = control.segmentBytes();
    if (segment == 0 || segment >= length) {
      return (int) transfers.send(Call.SENDMSG, fd, buffer, offset, length, to);
    }
    long sent = 0;
    while (sent < length) {
      long part = Math.min(segment, length - sent);
      long result = transfers.send(Call.SENDMSG, fd, buffer, offset + sent, part, to);
      if (result < 0) {
        return (int) (sent > 0 ? sent : result);
      }
      sent += part;
    }
    return (int) sent;
  }

  private int sendDescriptors(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress to,
      ControlData control) {
    platform.world().requireCurrent();
    List<SimFile> files = new ArrayList<>(control.passedCount());
    for (int i = 0; i < control.passedCount(); i++) {
      SimFile file = platform.files().get(control.passedDescriptor(i));
      if (file == null) {
        return platform.done(Call.SENDMSG, fd, -SimErrnos.EBADF);
      }
      files.add(file);
    }
    if (!(platform.files().get(fd) instanceof UnixSocket socket)) {
      return platform.done(Call.SENDMSG, fd, -SimErrnos.EINVAL);
    }
    socket.passing = new Passed(files);
    try {
      return (int) transfers.send(Call.SENDMSG, fd, buffer, offset, length, to);
    } finally {
      socket.passing = Passed.NOTHING;
    }
  }

  int receive(
      int fd,
      MemorySegment buffer,
      long offset,
      long length,
      @Nullable NativeAddress from,
      ControlData control) {
    control.clear();
    SimFile file = platform.enter(fd);
    int received = (int) transfers.receive(Call.RECVMSG, fd, buffer, offset, length, from);
    if (received >= 0 && file instanceof SimSocket socket) {
      boolean allCame = !(file instanceof UnixSocket unix) || take(unix, control);
      control.setTruncated(socket.cutOff, !allCame);
    }
    return received;
  }

  private boolean take(UnixSocket socket, ControlData control) {
    Passed came = socket.came;
    socket.came = Passed.NOTHING;
    boolean all = true;
    for (SimFile file : came.files()) {
      boolean room = platform.hasRoom(1);
      if (room) {
        control.addDescriptor(platform.files().add(file));
      }
      all &= room;
    }
    came.drop();
    return all;
  }
}
