package mill.examples.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyStoreFileTest {
  @TempDir static Path folder; // one for all: keytool takes its time
  private static Path keys;

  @BeforeAll
  static void makeKeys() throws Exception {
    keys = Keytool.keyPair(folder);
  }

  private static void assertRefused(Path file, @Nullable String password, String line) {
    assertThatThrownBy(() -> KeyStoreFile.context(file.toString(), password))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(line)
        .message()
        .hasLineCount(1);
  }

  @Test
  void keyOfAServerIsLoadedWithItsPassword() throws Exception {
    assertThat(KeyStoreFile.context(keys.toString(), Keytool.PASSWORD)).isNotNull();
  }

  @Test
  void passwordThatIsWrongOrMissingIsSaid() {
    assertRefused(keys, "sesame", "MILL_TLS_PASSWORD is not the password of " + keys);
    assertRefused(keys, "", "MILL_TLS_PASSWORD is not the password of " + keys);
    assertRefused(keys, null, "MILL_TLS_PASSWORD is not set: set it to the password of " + keys);
  }

  @Test
  void whatHoldsNoKeySaysWhatMakesOne() throws Exception {
    Path text = Files.writeString(folder.resolve("text"), "no key store\n");
    assertRefused(
        text, Keytool.PASSWORD, text + " is no PKCS#12 key store: keytool -genkeypair makes one");
    Path secret = Keytool.withoutKeyPair(folder);
    assertRefused(
        secret, Keytool.PASSWORD, secret + " has no private key: keytool -genkeypair makes one");
    Path nowhere = folder.resolve("nowhere");
    assertRefused(nowhere, Keytool.PASSWORD, "the key store cannot be read: " + nowhere);
  }
}
