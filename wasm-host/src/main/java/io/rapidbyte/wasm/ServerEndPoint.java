// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.util.Locale;

/**
 * The channel binding {@code tls-server-end-point} (RFC 5929, section 4.1): a hash of the certificate that the server has shown. Whoever
 * stands in between shows another one, and an authentication that is bound to it fails.
 */
final class ServerEndPoint {
    private static final byte[] NONE = new byte[0];

    private ServerEndPoint() {}

    /** The hash by the algorithm of the certificate's signature; empty when that uses none, or one that the JDK does not have. */
    static byte[] bindingOf(X509Certificate certificate) {
        try {
            String hash = hashAlgorithm(certificate);
            return hash == null ? NONE : MessageDigest.getInstance(hash).digest(certificate.getEncoded());
        } catch (GeneralSecurityException | IOException e) {
            return NONE;
        }
    }

    private static String hashAlgorithm(X509Certificate certificate) throws GeneralSecurityException, IOException {
        byte[] parameters = certificate.getSigAlgParams();
        if (certificate.getSigAlgName().equals("RSASSA-PSS") && parameters != null) {
            AlgorithmParameters pss = AlgorithmParameters.getInstance("RSASSA-PSS");
            pss.init(parameters);
            return strongEnough(pss.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm());
        }
        return hashOfSignature(certificate.getSigAlgName());
    }

    /** The hash in names such as {@code SHA384withECDSA}; null when there is none in it. */
    static String hashOfSignature(String signature) {
        int with = signature.toUpperCase(Locale.ROOT).indexOf("WITH");
        return with <= 0 ? null : strongEnough(signature.substring(0, with));
    }

    /** The RFC has SHA-256 in the place of weaker ones. */
    private static String strongEnough(String hash) {
        String name = hash.toUpperCase(Locale.ROOT)
                .replaceFirst("^SHA-?(?=\\d)", "SHA-")
                .replaceFirst("^SHA-3-", "SHA3-");
        return switch (name) {
            case "MD2", "MD5", "SHA-1" -> "SHA-256";
            default -> name;
        };
    }
}
