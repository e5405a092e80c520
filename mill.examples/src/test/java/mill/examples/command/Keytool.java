package mill.examples.command;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Key stores, made as users make them: by the JDK's own tool. */
public final class Keytool {
  public static final String PASSWORD = "secret";

  private Keytool() {}

  /** One with a key and a certificate for it. */
  public static Path keyPair(Path folder) throws Exception {
    Path file = folder.resolve("key.p12");
    run(
        "-genkeypair",
        "-keystore",
        file.toString(),
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost,ip:127.0.0.1");
    return file;
  }

  /** One with a secret and no key for a certificate. */
  public static Path withoutKeyPair(Path folder) throws Exception {
    Path file = folder.resolve("none.p12");
    run("-genseckey", "-keystore", file.toString(), "-keyalg", "AES", "-keysize", "128");
    return file;
  }

  private static void run(String command, String... arguments) throws Exception {
    var all = new ArrayList<String>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    all.addAll(List.of(command, "-storepass", PASSWORD, "-alias", "server"));
    all.addAll(List.of(arguments));
    Tool.run("openjdk-25-jre-headless", all.toArray(String[]::new));
  }
}
