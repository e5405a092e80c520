package mill.natives.bsd;

import mill.natives.gen.macos.MacOs;
import org.jspecify.annotations.Nullable;

/** A model of one end of a pipe. */
final class ModelPipe extends ModelFile {
  private static final int PIPE_BUF = 512;

  final boolean source;
  final ByteQueue bytes;
  @Nullable ModelPipe other;

  ModelPipe(boolean source, ByteQueue bytes) {
    this.source = source;
    this.bytes = bytes;
  }

  @Override
  int attachError(int filter) {
    if (source != (filter == MacOs.EVFILT_READ())) {
      return MacOs.EINVAL();
    }
    return !source && other == null ? MacOs.EPIPE() : 0;
  }

  @Override
  State read() {
    return readState.set(bytes.size() > 0 || other == null, other == null, 0, bytes.size());
  }

  @Override
  State write() {
    return writeState.set(
        bytes.room() >= PIPE_BUF || other == null, other == null, 0, bytes.room());
  }

  @Override
  void closed(ModelKernel kernel) {
    ModelPipe left = other;
    if (left != null) {
      left.other = null;
      kernel.readChanged(left);
      kernel.writeChanged(left);
    }
  }
}
