"""Commands that set the model beside the history."""
