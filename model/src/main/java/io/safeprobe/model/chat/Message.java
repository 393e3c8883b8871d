package io.safeprobe.model.chat;

/**
 * One turn of a conversation.
 *
 * @param role who speaks: {@code system}, {@code user} or {@code assistant} in most templates
 * @param content what is said
 */
public record Message(String role, String content) {}
