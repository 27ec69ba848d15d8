"""BtoBプラットフォーム請求書 by Infomart: six files of facts, each with its source in docs/facts.md."""
