"""BtoBプラットフォーム請求書 by Infomart: seven files of facts, each with its source in docs/facts.md."""
