// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps compiled modules on disk between processes. An entry is written to a file of its own and then moved into place, so
 * another process sees all of it or nothing; it carries a checksum, so one that was cut short or damaged is noticed and
 * compiled again. Nothing here ever fails a run: what cannot be kept is compiled anew, with one warning.
 *
 * <p>What is read from here becomes classes that run with all rights of this process, outside of any sandbox. A folder that
 * others can write into would let them run what they like as this user: it is refused. The checksum is against
 * accidents, not against them.
 */
final class CodeCache {
    private static final Logger LOG = LoggerFactory.getLogger(CodeCache.class);

    private static final int MAGIC = 0x52424331;
    private static final int CHECKSUM_BYTES = 32;
    private static final int MAX_ENTRY_BYTES = 256 << 20;
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> WRITABLE_BY_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    /**
     * What is kept of one module.
     *
     * @param module the module, without its code when all of it was compiled
     * @param classes the compiled classes as the compiler packs them
     */
    record Entry(byte[] module, byte[] classes) {}

    private final Path folder;
    private volatile boolean warned;
    private volatile Boolean usable;

    /** A cache below a folder; nothing is touched before the first use. */
    CodeCache(Path cacheDirectory) {
        this.folder = cacheDirectory.resolve("aot-" + CompilingEngine.COMPILER + "-abi" + ManifestReader.ABI);
    }

    /** The entry of a module; null when there is none that can be used. */
    Entry read(String sha256) {
        if (!Files.isDirectory(folder) || !isUsable()) {
            return null;
        }
        Path file = file(sha256);
        try {
            if (Files.size(file) > MAX_ENTRY_BYTES) {
                throw new IOException("it has " + Files.size(file) + " bytes");
            }
            return decode(sha256, Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            LOG.warn("The compiled connector {} is damaged ({}); it is compiled again.", file, e.getMessage());
            return null;
        }
    }

    /** Keeps an entry. */
    void write(String sha256, Entry entry) {
        if (!isUsable()) {
            return;
        }
        Path temporary = null;
        try {
            temporary = Files.createTempFile(folder, sha256.substring(0, 16), ".tmp");
            Files.write(temporary, encode(sha256, entry));
            move(temporary, file(sha256));
        } catch (IOException e) {
            warn(e.toString());
            delete(temporary);
        }
    }

    Path file(String sha256) {
        return folder.resolve(sha256 + ".code");
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            LOG.debug("The file system of {} cannot move atomically; the checksum guards against half a file.", to, e);
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void delete(Path temporary) {
        if (temporary == null) {
            return;
        }
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            LOG.debug("The temporary file {} stays behind.", temporary, e);
        }
    }

    private boolean isUsable() {
        Boolean known = usable;
        if (known == null) {
            known = prepare();
            usable = known;
        }
        return known;
    }

    /** Makes the folder, and makes sure that it is ours alone. */
    private boolean prepare() {
        try {
            boolean posix = isPosix();
            Files.createDirectories(folder.getParent());
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                createPrivate(posix);
            }
            Path probe = Files.createTempFile(folder, "owner", ".tmp");
            try {
                return !posix || isPrivate(probe);
            } finally {
                Files.deleteIfExists(probe);
            }
        } catch (IOException | UnsupportedOperationException | SecurityException e) {
            warn(e.toString());
            return false;
        }
    }

    private boolean isPosix() {
        return folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private void createPrivate(boolean posix) throws IOException {
        FileAttribute<?>[] attributes = posix
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PRIVATE)}
                : new FileAttribute<?>[0];
        Files.createDirectories(folder, attributes);
    }

    private boolean isPrivate(Path ownFile) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        boolean othersWrite = permissions.stream().anyMatch(WRITABLE_BY_OTHERS::contains);
        // A file that was just made belongs to this user; names of users can be missing in containers.
        boolean own = Files.getOwner(folder).equals(Files.getOwner(ownFile));
        if (othersWrite || !own) {
            warn(own ? "others can write into it" : "it belongs to another user");
            return false;
        }
        return true;
    }

    private void warn(String why) {
        if (!warned) {
            warned = true;
            LOG.warn(
                    "Compiled connectors cannot be kept in {}: {}. They are compiled in every process; name another folder with {}.",
                    folder,
                    why,
                    HostSettings.CACHE_DIRECTORY_VARIABLE);
        }
    }

    private static byte[] encode(String sha256, Entry entry) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(entry.module().length + entry.classes().length + 256);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(MAGIC);
        out.writeUTF(sha256);
        out.writeInt(entry.module().length);
        out.write(entry.module());
        out.writeInt(entry.classes().length);
        out.write(entry.classes());
        byte[] payload = bytes.toByteArray();
        out.write(Hashes.sha256(payload));
        return bytes.toByteArray();
    }

    private static Entry decode(String sha256, byte[] bytes) throws IOException {
        int payload = bytes.length - CHECKSUM_BYTES;
        if (payload < 0
                || !Arrays.equals(
                        Hashes.sha256(Arrays.copyOf(bytes, payload)),
                        Arrays.copyOfRange(bytes, payload, bytes.length))) {
            throw new IOException("its checksum is wrong");
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, 0, payload));
        if (in.readInt() != MAGIC || !in.readUTF().equals(sha256)) {
            throw new IOException("it belongs to another module");
        }
        return new Entry(part(in), part(in));
    }

    private static byte[] part(DataInputStream in) throws IOException {
        int size = in.readInt();
        if (size < 0 || size > in.available()) {
            throw new IOException("a part is longer than the file");
        }
        return in.readNBytes(size);
    }
}
