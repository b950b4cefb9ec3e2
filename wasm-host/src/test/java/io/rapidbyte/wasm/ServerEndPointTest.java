// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.anyOf;
import static org.hamcrest.Matchers.is;

import io.rapidbyte.testing.TestCertificates;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    @Test
    void aSignatureThatNamesNoHashHasItInItsParameters(@TempDir Path folder) throws Exception {
        X509Certificate certificate = certificate("RSASSA-PSS", folder);
        // Which of them it is depends on the version of the JDK that made the certificate.
        assertThat(
                ServerEndPoint.bindingOf(certificate),
                anyOf(
                        is(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())),
                        is(MessageDigest.getInstance("SHA-384").digest(certificate.getEncoded()))));
    }

    @Test
    void aSignatureWithoutAHashHasNothingToBindTo(@TempDir Path folder) throws Exception {
        assertThat(ServerEndPoint.bindingOf(certificate("Ed25519", folder)), is(new byte[0]));
    }

    private static X509Certificate certificate(String algorithm, Path folder) throws Exception {
        String password = "changeit";
        Path file = folder.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "key",
                        "-dname",
                        "CN=key",
                        "-keyalg",
                        algorithm,
                        "-keystore",
                        file.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        password)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertThat(keytool.waitFor(), is(0));
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, password.toCharArray());
        }
        return (X509Certificate) store.getCertificate("key");
    }
}
