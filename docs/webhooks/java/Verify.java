import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Verifies a webhook of Covenant with Java's own library, from version 17 on.
 *
 * <pre>java Verify.java WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE SECRET... &lt; body</pre>
 */
public class Verify {
  private static final long TOLERANCE_S = 300;

  /** Returns the body as text if the request is genuine. {@code body} has the bytes as they were received. */
  static String verify(byte[] body, String id, String timestamp, String signatures, List<String> secrets)
      throws GeneralSecurityException {
    // Without this, a recorded request could be sent again.
    if (!timestamp.matches("\\d{1,12}")
        || Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > TOLERANCE_S)
      throw new GeneralSecurityException("the time is more than five minutes from now");
    for (String secret : secrets) {
      byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
      byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
      // During a rotation there are several, separated by spaces. MessageDigest.isEqual takes the same time for every input.
      for (String signature : signatures.split(" "))
        if (MessageDigest.isEqual(signature.getBytes(StandardCharsets.UTF_8), expected))
          return new String(body, StandardCharsets.UTF_8);
    }
    throw new GeneralSecurityException("no signature fits");
  }

  public static void main(String[] args) throws Exception {
    try {
      List<String> secrets = Arrays.asList(args).subList(3, args.length);
      System.out.println(verify(System.in.readAllBytes(), args[0], args[1], args[2], secrets));
    } catch (GeneralSecurityException refused) {
      System.err.println("refused: " + refused.getMessage());
      System.exit(1);
    }
  }
}
