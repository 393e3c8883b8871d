package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The files that together are one data set, in order: a file, a pattern of names, or a folder as Hugging Face writes it. */
final class Shards {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** What {@code save_to_disk} writes beside the data. */
    private static final String STATE = "state.json";
    private static final String SPLITS = "dataset_dict.json";
    private static final Set<String> NO_DATA = Set.of(STATE, SPLITS, "dataset_info.json", "dataset_infos.json");
    private static final Pattern DATA = Pattern.compile("[^.].*\\.(jsonl|ndjson|json|csv|parquet|arrow)(\\.(gz|zst))?");
    private static final Pattern NUMBERED = Pattern.compile("(.*)-\\d{5}-of-(\\d{5})(\\..*|-[0-9a-f]{16}\\..*)");

    private Shards() {}

    /** At least one file. */
    static List<Path> of(Path path) {
        String name = String.valueOf(path.getFileName());
        if (path.toString().isEmpty()) {
            throw new DataException("the name of the data file is empty; give a file, a folder (. for this one) or a pattern");
        }
        try {
            if (Files.isDirectory(path)) {
                return Files.exists(path.resolve(STATE)) ? saved(path) : folder(path);
            }
            if (!Files.exists(path) && (name.contains("*") || name.contains("?"))) {
                return matching(path.toAbsolutePath().resolveSibling(""), name, path);
            }
        } catch (PatternSyntaxException malformed) {
            throw new DataException(path, "there is no such file, and it is no pattern either: " + malformed.getDescription()
                    + "; close every [ and {, or write a backslash before them", malformed);
        } catch (IOException failure) {
            throw new DataException(path, "cannot be read: " + failure.getMessage(), failure);
        }
        if (!Files.exists(path)) {
            throw new DataException(path, "there is no such file; check the path");
        }
        return List.of(path);
    }

    private static List<Path> matching(Path folder, String pattern, Path given) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
                found.forEach(files::add);
            }
        }
        if (files.isEmpty()) {
            throw new DataException(given, "no file matches; check folder and pattern");
        }
        return complete(given, files.stream().sorted().toList());
    }

    /** A data set of {@code datasets.Dataset.save_to_disk}: the files its state names, in that order. */
    private static List<Path> saved(Path folder) throws IOException {
        List<Path> files = new ArrayList<>();
        for (JsonNode entry : JSON.readTree(folder.resolve(STATE).toFile()).path("_data_files")) {
            Path name = Path.of(entry.path("filename").asText());
            // The file says what to open, so it must not lead elsewhere.
            if (name.toString().isEmpty() || name.getNameCount() != 1 || name.isAbsolute() || name.toString().equals("..")) {
                throw new DataException(folder, STATE + " names '" + name + "', which is no file of this folder; save the data set again");
            }
            if (!Files.exists(folder.resolve(name))) {
                throw new DataException(folder, name + ", which " + STATE + " names, is missing; get the folder again");
            }
            files.add(folder.resolve(name));
        }
        if (files.isEmpty()) {
            throw new DataException(folder, STATE + " names no data files; save the data set again");
        }
        return files;
    }

    private static List<Path> folder(Path folder) throws IOException {
        if (Files.exists(folder.resolve(SPLITS))) {
            List<String> splits = new ArrayList<>();
            JSON.readTree(folder.resolve(SPLITS).toFile()).path("splits").forEach(split -> splits.add(split.asText()));
            throw new DataException(folder, "holds the splits " + String.join(", ", splits) + "; give one of these folders"
                    + (splits.isEmpty() ? "" : ", for example " + folder.resolve(splits.getFirst())));
        }
        List<Path> files;
        try (Stream<Path> found = Files.list(folder)) {
            files = found.filter(file -> isData(String.valueOf(file.getFileName()))).sorted().toList();
        }
        if (files.isEmpty()) {
            throw new DataException(folder, "is a folder without data files; give a data file (" + FileFormat.KNOWN + ")");
        }
        if (files.stream().map(Shards::set).distinct().count() > 1) {
            throw new DataException(folder, "holds several data sets (" + names(files) + "); give one file, or a pattern such as "
                    + folder.resolve("train-*.parquet"));
        }
        return complete(folder, files);
    }

    private static boolean isData(String name) {
        return DATA.matcher(name).matches() && !NO_DATA.contains(name);
    }

    /** What shards of one data set have in common. */
    private static String set(Path file) {
        String name = String.valueOf(file.getFileName());
        Matcher numbered = NUMBERED.matcher(name);
        return numbered.matches() ? numbered.group(1) + "-of-" + numbered.group(2) : name;
    }

    /** Numbered shards must all be there: a data set with a hole in it looks whole. */
    private static List<Path> complete(Path given, List<Path> files) {
        files.stream().collect(Collectors.groupingBy(Shards::set)).forEach((set, shards) -> {
            Matcher numbered = NUMBERED.matcher(String.valueOf(shards.getFirst().getFileName()));
            if (numbered.matches() && shards.size() != Integer.parseInt(numbered.group(2))) {
                throw new DataException(given, "has " + shards.size() + " of " + Integer.parseInt(numbered.group(2)) + " files (" + names(shards)
                        + "); get the missing ones, or give single files");
            }
        });
        return files;
    }

    private static String names(List<Path> files) {
        String first = files.stream().limit(4).map(file -> String.valueOf(file.getFileName())).collect(Collectors.joining(", "));
        return files.size() > 4 ? first + ", .." : first;
    }
}
