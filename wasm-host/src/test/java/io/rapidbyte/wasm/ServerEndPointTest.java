// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.TestCertificates;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The hash that an authentication is bound to. */
class ServerEndPointTest {
    @ParameterizedTest
    @CsvSource({
        "MD5withRSA, SHA-256",
        "SHA1withRSA, SHA-256",
        "SHA1withECDSA, SHA-256",
        "SHA224withRSA, SHA-224",
        "SHA256withRSA, SHA-256",
        "SHA384withECDSA, SHA-384",
        "SHA512withRSA, SHA-512",
        "SHA3-256withRSA, SHA3-256",
        "SHA512/256withRSA, SHA-512/256",
        "Ed25519, ",
        "RSASSA-PSS, ",
    })
    void theSignatureNamesTheHash(String signature, String hash) {
        assertThat(ServerEndPoint.hashOfSignature(signature), is(hash));
    }

    @Test
    void theCertificateIsHashedAsItWasShown() throws Exception {
        X509Certificate certificate = (X509Certificate)
                TestCertificates.shared().keys(TestCertificates.SERVER).getCertificate(TestCertificates.SERVER);
        assertThat(certificate.getSigAlgName(), is("SHA384withECDSA"));
        byte[] expected = MessageDigest.getInstance("SHA-384").digest(certificate.getEncoded());
        assertThat(ServerEndPoint.bindingOf(certificate), is(expected));
    }
}
