package mill.examples.command;

import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.UnrecoverableKeyException;
import java.util.Collections;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** The key and the certificate of a server, in a PKCS#12 key store as {@code keytool} makes one. */
public final class KeyStoreFile {
  /** The variable that has the password: what is on a command line others can read. */
  public static final String PASSWORD = "MILL_TLS_PASSWORD";

  private KeyStoreFile() {}

  /**
   * Loads what a TLS server needs.
   *
   * @param file the key store
   * @param password of the store and of the key in it; null if nobody has given one
   * @throws UsageException says in one line what is wrong with either
   */
  public static SSLContext context(String file, @Nullable String password) throws UsageException {
    byte[] bytes = read(file);
    if (password == null) {
      throw new UsageException(PASSWORD + " is not set: set it to the password of " + file);
    }
    char[] secret = password.toCharArray();
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(bytes), secret);
      if (!hasKey(store)) {
        throw new UsageException(file + " has no private key: keytool -genkeypair makes one");
      }
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, secret);
      SSLContext context = SSLContext.getInstance("TLS");
      var nobody = new TrustManager[0]; // no client is asked who it is
      context.init(keys.getKeyManagers(), nobody, null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      boolean isWrong =
          e instanceof UnrecoverableKeyException
              || e.getCause() instanceof UnrecoverableKeyException;
      throw new UsageException(
          isWrong
              ? PASSWORD + " is not the password of " + file + ": set it to what keytool was given"
              : file + " is no PKCS#12 key store: keytool -genkeypair makes one");
    }
  }

  private static byte[] read(String file) throws UsageException {
    try (var in = new FileInputStream(file)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UsageException("the key store cannot be read: " + e.getMessage());
    }
  }

  private static boolean hasKey(KeyStore store) throws KeyStoreException {
    for (String alias : Collections.list(store.aliases())) {
      if (store.entryInstanceOf(alias, KeyStore.PrivateKeyEntry.class)) {
        return true;
      }
    }
    return false;
  }
}
