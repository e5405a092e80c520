package mill.natives.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class NativeCallsTest {
  @Test
  void functionsAreFoundOrNot() {
    assertThat(NativeCalls.exists("read")).isTrue();
    assertThat(NativeCalls.exists("mill_has_no_such_function")).isFalse();
    assertThat(NativeCalls.function("read").address()).isNotZero();
    assertThatThrownBy(() -> NativeCalls.function("mill_has_no_such_function"))
        .isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void uncheckedThrowablesPassAndCheckedOnesAreBugs() {
    var state = new IllegalStateException("freed");
    assertThatThrownBy(() -> NativeCalls.rethrow(state)).isSameAs(state);
    var error = new StackOverflowError();
    assertThatThrownBy(() -> NativeCalls.rethrow(error)).isSameAs(error);
    var checked = new IOException("impossible");
    assertThatThrownBy(() -> NativeCalls.rethrow(checked))
        .isInstanceOf(AssertionError.class)
        .hasCause(checked);
  }
}
