// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SortedSet;

/**
 * A connector's module: its bytes, their hash and its manifest. Checked structurally, not compiled.
 *
 * <p>Serializable: a bundled connector travels as its name and hash, any other with its bytes.
 */
public final class ConnectorModule implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String origin;
    private final transient byte[] bytes;
    private final String sha256;
    private final transient Manifest manifest;
    private final String bundledName;

    ConnectorModule(String origin, byte[] bytes, Manifest manifest, String bundledName) {
        this.origin = Objects.requireNonNull(origin, "origin");
        this.bytes = Objects.requireNonNull(bytes, "bytes");
        this.sha256 = Hashes.sha256Hex(bytes);
        this.manifest = Objects.requireNonNull(manifest, "manifest");
        this.bundledName = bundledName;
    }

    /**
     * A connector that is on the class path as {@code META-INF/rapidbyte/modules/<name>.wasm}.
     *
     * @throws ConnectorException of category {@code config} that lists the bundled connectors when there is none of that name
     */
    public static ConnectorModule bundled(String name) {
        return BundledModules.load(name);
    }

    /** The names of all connectors that are on the class path, sorted. */
    public static SortedSet<String> bundledNames() {
        return BundledModules.names();
    }

    /**
     * A connector in a file.
     *
     * @throws ConnectorException of category {@code config} that names the file when it cannot be read or is no connector
     */
    public static ConnectorModule read(Path file) {
        return ModuleReader.read(file);
    }

    /**
     * A connector in memory.
     *
     * @param origin what to call it in messages when it turns out to be no connector
     * @param wasm the module; not copied
     * @throws ConnectorException of category {@code config} that names the origin when it is no connector
     */
    public static ConnectorModule of(String origin, byte[] wasm) {
        return ModuleReader.parse(origin, wasm, null);
    }

    /** The connector's name, from its manifest. */
    public String name() {
        return manifest.name();
    }

    /** What the connector says of itself. */
    public Manifest manifest() {
        return manifest;
    }

    /** The SHA-256 of the bytes, in lower-case hexadecimal. */
    public String sha256() {
        return sha256;
    }

    /** How many bytes the module has. */
    public int size() {
        return bytes.length;
    }

    /** A copy of the module's bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Where it came from: a file, or {@code bundled <name>}. */
    public String origin() {
        return origin;
    }

    /** The bytes themselves, for readers within the package. */
    byte[] content() {
        return bytes;
    }

    /** The name under which it is bundled; null when it is not. */
    String bundledName() {
        return bundledName;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConnectorModule that && sha256.equals(that.sha256);
    }

    @Override
    public int hashCode() {
        return sha256.hashCode();
    }

    @Override
    public String toString() {
        return name() + " " + manifest.version() + " (" + origin + ")";
    }

    private Object writeReplace() {
        return SerializedModule.of(this);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("A connector module is read through its proxy.");
    }
}
