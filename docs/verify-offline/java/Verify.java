import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.JwksVerificationKeyResolver;
import org.jose4j.lang.JoseException;

/**
 * Verifies the certificate of a license without a connection, with jose4j (org.bitbucket.b_c:jose4j) and Java 17.
 *
 * <p>Usage: java -cp jose4j.jar:slf4j-api.jar Verify.java &lt;product id&gt; &lt;certificate&gt; &lt;file with keys&gt;...
 */
public class Verify {
  /** How far the clock of the device may be wrong. */
  private static final int CLOCK_TOLERANCE_SECONDS = 60;

  /**
   * Returns the claims of a certificate as JSON. The files with keys are read in order until one has the key of the certificate: first the stored
   * keys, then the answer to GET /api/v1/products/{id}/jwks.json, because a new key may sign since.
   */
  static String verifyLicense(String certificate, String productId, List<String> paths) throws Exception {
    String kid = ((JsonWebSignature) JsonWebSignature.fromCompactSerialization(certificate)).getKeyIdHeaderValue();
    for (String path : paths) {
      JsonWebKeySet keys = new JsonWebKeySet(Files.readString(Path.of(path)));
      if (kid == null || keys.findJsonWebKey(kid, null, null, null) == null) continue;
      return new JwtConsumerBuilder()
          .setJwsAlgorithmConstraints(ConstraintType.PERMIT, AlgorithmIdentifiers.EDDSA)
          .setVerificationKeyResolver(new JwksVerificationKeyResolver(keys.getJsonWebKeys()))
          .setExpectedType(true, "license+jwt")
          .setExpectedAudience(productId)
          .setRequireJwtId()
          .setAllowedClockSkewInSeconds(CLOCK_TOLERANCE_SECONDS)
          .build()
          .processToClaims(certificate)
          .toJson();
    }
    throw new JoseException("the key of the certificate is unknown");
  }

  public static void main(String[] args) throws Exception {
    try {
      System.out.println(verifyLicense(args[1], args[0], Arrays.asList(args).subList(2, args.length)));
    } catch (InvalidJwtException | JoseException refused) {
      System.err.println("refused: " + refused.getMessage());
      System.exit(1);
    }
  }
}
