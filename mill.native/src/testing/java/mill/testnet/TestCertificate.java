package mill.testnet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate for {@code localhost} and 127.0.0.1 that has signed itself, until 2119. Its key is
 * public: it is for tests alone.
 */
public final class TestCertificate {
  private static final String KEY =
      """
      MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDRU2FwBDc0Re4AHMsc
      nXdY+ZYowTE0gzL7/V8MbKNxHw==
      """;

  private static final String CERTIFICATE =
      """
      -----BEGIN CERTIFICATE-----
      MIIBXTCCAQOgAwIBAgIIdun6TjYbbv0wCgYIKoZIzj0EAwMwFDESMBAGA1UEAxMJ
      bG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMTkxMjA4MDAwMDAwWjAUMRIw
      EAYDVQQDEwlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHZsOd
      9cbn6HeASwVOYSNU31nRWYEul23hjUByONf/kK1Mm+35rUWCMdfr3o/wmBvvbDBR
      ukydUZO8dD0qR3vJoz0wOzAdBgNVHQ4EFgQUxIS+jDzEiwqKK2qNGWfe0COxqlAw
      GgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMDA0gAMEUCIEwm
      0nQ/nH+nvb7cz/N3NF4Ld9h7x5xCCHgSgEkesKOyAiEAl8qKBzxv2wX336mf0zDV
      oKEBs9f4y7qRetmGFOX2ky4=
      -----END CERTIFICATE-----
      """;

  private TestCertificate() {}

  /** Has the key, and trusts the certificate; its sessions are its own. */
  public static SSLContext context() throws GeneralSecurityException, IOException {
    Certificate certificate =
        CertificateFactory.getInstance("X.509")
            .generateCertificate(
                new ByteArrayInputStream(CERTIFICATE.getBytes(StandardCharsets.US_ASCII)));
    PrivateKey key =
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(KEY)));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("key", key, new char[0], new Certificate[] {certificate});
    store.setCertificateEntry("trusted", certificate);
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
