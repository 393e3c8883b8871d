@NullMarked
package io.safeprobe.model.config;

import org.jspecify.annotations.NullMarked;
