package io.safeprobe.sap.data;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/**
 * One record of a file.
 *
 * @param place where it stands, for messages: {@code line 7} or {@code row 7}, counted from 1
 * @param values by column, in the order of the file
 */
record Fields(String place, Map<String, JsonNode> values) {}
