// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Makes a {@link ConnectorModule} of bytes, and says in one sentence what is wrong with those that are none. */
final class ModuleReader {
    /** No real connector comes near; a larger file is a mistake that should not be read into memory. */
    static final long MAX_MODULE_BYTES = 64L << 20;

    private ModuleReader() {}

    static ConnectorModule read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_MODULE_BYTES) {
                throw tooLarge(file.toString(), size);
            }
            return parse(file.toString(), Files.readAllBytes(file), null);
        } catch (NoSuchFileException e) {
            throw unreadable(file, "there is no such file", e);
        } catch (AccessDeniedException e) {
            throw unreadable(file, "access is denied", e);
        } catch (IOException e) {
            throw unreadable(file, String.valueOf(e.getMessage()), e);
        }
    }

    static ConnectorModule parse(String origin, byte[] wasm, String bundledName) {
        if (wasm.length > MAX_MODULE_BYTES) {
            throw tooLarge(origin, wasm.length);
        }
        byte[] manifest = ModuleSections.customSection(origin, wasm, ManifestReader.SECTION);
        return new ConnectorModule(origin, wasm, ManifestReader.read(origin, manifest), bundledName);
    }

    /** A module that cannot be used at all. */
    static ConnectorException invalid(String origin, String code, String message, String hint) {
        return new ConnectorException(
                origin, ConnectorError.of(Category.CONFIG, code, message).withHint(hint));
    }

    private static ConnectorException tooLarge(String origin, long size) {
        return invalid(
                origin,
                "module_too_large",
                origin + " has " + size + " bytes, and a connector has at most " + MAX_MODULE_BYTES,
                "Build it without debug information.");
    }

    private static ConnectorException unreadable(Path file, String why, IOException cause) {
        return new ConnectorException(
                file.toString(),
                ConnectorError.of(
                                Category.CONFIG,
                                "module_unreadable",
                                "The connector " + file + " cannot be read: " + why)
                        .withHint("Name a .wasm file, or a bundled connector."),
                cause);
    }
}
