// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Keys and certificates of an authority and of those it vouches for, made once for each JVM. {@link #SERVER} and {@link #MIDDLEMAN} are for
 * {@code localhost} and {@code ::1}, {@link #CLIENT} is for {@link PostgresServer#CERTIFICATE_USER}.
 */
public final class TestCertificates {
    /** The authority that signs the others but {@link #STRANGER}. */
    public static final String AUTHORITY = "authority";

    /** What the encrypted server shows. Its signature is made with SHA-384, so that no hash can be guessed. */
    public static final String SERVER = "server";

    /** As good as the server's, but another. */
    public static final String MIDDLEMAN = "middleman";

    /** What a client logs in with. */
    public static final String CLIENT = "client";

    /** An authority that nobody asked, which vouches for itself as the user that {@link #CLIENT} is for. */
    public static final String STRANGER = "stranger";

    private static final String PASSWORD = "changeit";
    private static final String FOR_LOCALHOST = "san=dns:localhost,ip:::1";

    private final Path folder;

    private TestCertificates(Path folder) {
        this.folder = folder;
    }

    /** The certificates of this JVM. */
    public static TestCertificates shared() {
        return Holder.CERTIFICATES;
    }

    /** A certificate in PEM. */
    public String certificate(String alias) {
        try {
            return pem("CERTIFICATE", keys(alias).getCertificate(alias).getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The key of a certificate, PKCS #8 in PEM, not encrypted. */
    public String key(String alias) {
        try {
            return pem(
                    "PRIVATE KEY",
                    keys(alias).getKey(alias, PASSWORD.toCharArray()).getEncoded());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A store with a certificate and its key, which is not protected any further. */
    public KeyStore keys(String alias) {
        try (InputStream in = Files.newInputStream(file(alias))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, password());
            return store;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What opens the keys in a store. */
    public char[] password() {
        return PASSWORD.toCharArray();
    }

    private Path file(String alias) {
        return folder.resolve(alias + ".p12");
    }

    private static String pem(String kind, byte[] encoded) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(encoded) + "\n-----END " + kind
                + "-----\n";
    }

    private static TestCertificates make() {
        try {
            var certificates = new TestCertificates(Files.createTempDirectory("rapidbyte-certificates"));
            await(List.of(
                    certificates.generate(AUTHORITY, "CN=authority", "-ext", "bc:c", "-ext", "ku=keyCertSign"),
                    certificates.generate(STRANGER, "CN=" + PostgresServer.CERTIFICATE_USER, "-ext", "bc:c")));
            for (String alias : List.of(SERVER, MIDDLEMAN, CLIENT)) {
                Files.copy(certificates.file(AUTHORITY), certificates.file(alias));
            }
            await(List.of(
                    certificates.generate(
                            SERVER,
                            "CN=localhost",
                            "-signer",
                            AUTHORITY,
                            "-ext",
                            FOR_LOCALHOST,
                            "-sigalg",
                            "SHA384withECDSA"),
                    certificates.generate(MIDDLEMAN, "CN=localhost", "-signer", AUTHORITY, "-ext", FOR_LOCALHOST),
                    certificates.generate(CLIENT, "CN=" + PostgresServer.CERTIFICATE_USER, "-signer", AUTHORITY)));
            return certificates;
        } catch (IOException e) {
            throw new IllegalStateException("no certificates could be made for the tests", e);
        }
    }

    private Process generate(String alias, String name, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                "30",
                "-keystore",
                file(alias).toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD));
        command.addAll(List.of(more));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static void await(List<Process> processes) throws IOException {
        for (Process process : processes) {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            try {
                if (process.waitFor() != 0) {
                    throw new IOException("keytool failed: " + output);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while keytool was running", e);
            }
        }
    }

    private static final class Holder {
        static final TestCertificates CERTIFICATES = make();
    }
}
