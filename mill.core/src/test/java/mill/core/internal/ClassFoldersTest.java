package mill.core.internal;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

/** That what is loaded is enough is seen where descriptors run out, in ListenTest. */
class ClassFoldersTest {
  /** Of the JDK's image, of a jar, of nowhere. */
  @Test
  void classesThatLieInNoFolderAreLeftAlone() {
    Runnable hidden = () -> {};
    assertThatCode(() -> ClassFolders.load(String.class, Test.class, hidden.getClass(), int.class))
        .doesNotThrowAnyException();
  }
}
