#!/usr/bin/env python
# coding: utf-8

# # The callback does not continue where it stopped
#
# It worked in TF 2.15 (6 epochs), Keras 3.0.1 trains all 10 again.

# In[1]:


get_ipython().system('pip install -q keras==3.0.1')
get_ipython().run_line_magic('env', 'KERAS_BACKEND=tensorflow')


# In[2]:


import keras
import numpy as np
keras.__version__


# In[3]:


class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 4:
            raise RuntimeError('stop')


# Train, stop, and train again:

# In[ ]:


backup = keras.callbacks.BackupAndRestore('/content/backup')
model = keras.Sequential([keras.layers.Dense(2)])
model.compile('sgd', 'mse')
x, y = np.ones((5, 3)), np.zeros((5, 2))
try:
    model.fit(x, y, epochs=10, callbacks=[backup, Stop()], verbose=0)
except RuntimeError as error:
    print(error)
len(model.fit(x, y, epochs=10, callbacks=[backup], verbose=0).epoch)
