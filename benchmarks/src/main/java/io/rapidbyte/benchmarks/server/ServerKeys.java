// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.server;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;

/**
 * A certificate that nobody vouches for and its key, as a Postgres server wants them, made by the JDK's own keytool. Gone when closed.
 *
 * @param folder holds the files and nothing else
 * @param certificate PEM
 * @param key PEM, readable by its owner alone
 */
public record ServerKeys(Path folder, Path certificate, Path key) implements AutoCloseable {
    private static final String ALIAS = "server";

    /**
     * Makes a pair.
     *
     * @throws IOException when keytool fails
     */
    public static ServerKeys create() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("rapidbyte-benchmark-keys-");
        Path store = folder.resolve("keys.p12");
        String password = new BigInteger(120, new SecureRandom()).toString(36);
        ProcessBuilder keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        ALIAS,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=127.0.0.1",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass:env",
                        "KEYS_PASSWORD")
                .redirectErrorStream(true);
        keytool.environment().put("KEYS_PASSWORD", password);
        Process process = keytool.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("keytool made no key for the server: " + output.strip());
        }
        try {
            KeyStore keys = KeyStore.getInstance(store.toFile(), password.toCharArray());
            Key key = keys.getKey(ALIAS, password.toCharArray());
            ServerKeys made = new ServerKeys(folder, folder.resolve("server.crt"), folder.resolve("server.key"));
            Files.writeString(
                    made.certificate,
                    pem("CERTIFICATE", keys.getCertificate(ALIAS).getEncoded()));
            Files.createFile(
                    made.key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(made.key, pem("PRIVATE KEY", key.getEncoded()));
            return made;
        } catch (GeneralSecurityException e) {
            throw new IOException("the key that keytool made cannot be read", e);
        } finally {
            Files.delete(store);
        }
    }

    private static String pem(String type, byte[] content) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + type
                + "-----\n";
    }

    @Override
    public void close() throws IOException {
        for (Path file : List.of(certificate, key, folder)) {
            Files.deleteIfExists(file);
        }
    }
}
