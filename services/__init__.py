"""What is true whoever asks: one room for each part of the business."""
