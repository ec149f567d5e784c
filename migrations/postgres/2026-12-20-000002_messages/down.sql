DROP TABLE message_contents;
DROP TABLE messages;
